// Makes the page.

document.getElementById('page').replaceChildren(
  ...(page.kind === 'run' ? runPage(page) : experimentPage(page)),
  element('footer', {}, 'Drawn with three.js and uPlot (MIT licence). Nothing on this page comes from a network.'),
);
