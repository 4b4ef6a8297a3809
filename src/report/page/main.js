// Makes the page.

document.getElementById('page').replaceChildren(
  ...{ run: runPage, experiment: experimentPage, live: livePage }[page.kind](page),
  element('footer', {}, 'Drawn with three.js and uPlot (MIT licence). Nothing on this page comes from a network.'),
);
