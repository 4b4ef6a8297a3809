//! The world for Gazebo: what the task's scene has, and the serve.
//!
//! The engine multiplies the restitutions of two bodies that meet; the ball's is 1. The ball has no
//! friction, hence no spin: a bounce would otherwise turn its path and those of the serves to come.

use std::fmt::Write;

use crate::setup::Setup;
use crate::tasks::{Obstacle, Scene, ServedBall};

/// Longest physics step, s.
const STEP: f64 = 0.001;
/// Height of the shaft in which the ball waits, room beside the ball, and thickness of the walls, m.
const SHAFT: f64 = 2.;
const ROOM: f64 = 0.03;
const WALL: f64 = 0.02;
/// When the ball comes to rest in the shaft, and when it is served, ms after the serve was asked for.
const REST: u32 = 1000;
const SERVE: u32 = 1010;

/// The world's text (SDF 1.9), to run at `speed`, its real-time factor.
pub(super) fn world(setup: &Setup, scene: &Scene, speed: f64) -> String {
    let period = setup.config.control.period;
    // A period is a whole number of steps.
    let step = period / (period / STEP).ceil();
    let [x, y, z] = setup.config.robot.gravity;
    let mut text = format!(
        "<?xml version=\"1.0\"?>
<!-- Written by `moto_controller gazebo` from the configuration: change that, not this. x along the table, z up. -->
<sdf version=\"1.9\">
  <world name=\"moto\">
    <physics name=\"steps\" type=\"ignored\">
      <max_step_size>{step}</max_step_size>
      <real_time_factor>{speed}</real_time_factor>
    </physics>
    <plugin filename=\"gz-sim-physics-system\" name=\"gz::sim::systems::Physics\"/>
    <plugin filename=\"gz-sim-user-commands-system\" name=\"gz::sim::systems::UserCommands\"/>
    <plugin filename=\"gz-sim-scene-broadcaster-system\" name=\"gz::sim::systems::SceneBroadcaster\"/>
    <gravity>{x} {y} {z}</gravity>
    <light name=\"sun\" type=\"directional\">
      <pose>0 0 10 0 0 0</pose>
      <diffuse>0.8 0.8 0.8 1</diffuse>
      <specular>0.2 0.2 0.2 1</specular>
      <direction>-0.5 0.1 -0.9</direction>
    </light>
{FLOOR}"
    );
    if !scene.obstacles.is_empty() {
        text += "    <model name=\"court\">\n      <static>true</static>\n      <link name=\"link\">\n";
        scene.obstacles.iter().for_each(|obstacle| text += &solid(obstacle));
        text += "      </link>\n    </model>\n";
    }
    if let Some(ball) = &scene.ball {
        text += &served(ball, step, (1. / period).round());
    }
    text += "  </world>\n</sdf>\n";
    text
}

const FLOOR: &str = "    <model name=\"floor\">
      <static>true</static>
      <link name=\"link\">
        <collision name=\"collision\"><geometry><plane><normal>0 0 1</normal><size>20 20</size></plane></geometry></collision>
        <visual name=\"visual\">
          <geometry><plane><normal>0 0 1</normal><size>20 20</size></plane></geometry>
          <material><ambient>0.4 0.4 0.4 1</ambient><diffuse>0.5 0.5 0.5 1</diffuse></material>
        </visual>
      </link>
    </model>
";

fn solid(Obstacle { name, centre, size, restitution }: &Obstacle) -> String {
    let pose = format!("<pose>{} {} {} 0 0 0</pose>", centre.x, centre.y, centre.z);
    let shape = format!("<geometry><box><size>{} {} {}</size></box></geometry>", size.x, size.y, size.z);
    format!(
        "        <collision name=\"{name}\">
          {pose}
          {shape}
          {}
        </collision>
        <visual name=\"{name}_visual\">
          {pose}
          {shape}
          <material><ambient>0.05 0.2 0.4 1</ambient><diffuse>0.1 0.3 0.6 1</diffuse></material>
        </visual>
",
        surface(*restitution)
    )
}

fn surface(restitution: f64) -> String {
    format!(
        "<surface><bounce><restitution_coefficient>{restitution}</restitution_coefficient><threshold>0.05</threshold></bounce>\
         </surface>"
    )
}

/// The ball, its drag, the shaft in which it waits, and the serve: a message on /serve (gz.msgs.Empty) takes the ball to the
/// shaft, where it comes to rest, sets it in the shaft's middle a second later, and then puts it at the point of the serve with
/// one step's force that gives it the velocity of the serve: mass times velocity over step. Force and place may take effect a
/// step apart; in the shaft the ball has room for that. Delays are in simulated time. A delay of zero would now and then leave
/// the service out.
fn served(ball: &ServedBall, step: f64, rate: f64) -> String {
    let ServedBall { radius, mass, linear_drag, position, velocity, waits: [x, y] } = ball;
    let (force, inertia) = (velocity * (mass / step), 2. / 3. * mass * radius * radius);
    let put = |x: f64, y: f64, z: f64, delay: u32, more: &str| {
        format!(
            "    <plugin filename=\"gz-sim-triggered-publisher-system\" name=\"gz::sim::systems::TriggeredPublisher\">
      <input type=\"gz.msgs.Empty\" topic=\"/serve\"/>
{more}      <service name=\"/world/moto/set_pose\" reqType=\"gz.msgs.Pose\" repType=\"gz.msgs.Boolean\" timeout=\"1000\"
        reqMsg=\"name: 'ball', position: {{x: {x}, y: {y}, z: {z}}}, orientation: {{w: 1.0}}\"/>
      <delay_ms>{delay}</delay_ms>
    </plugin>
"
        )
    };
    let pushed = format!(
        "      <output type=\"gz.msgs.EntityWrench\" topic=\"/world/moto/wrench\">
        entity: {{name: \"ball\", type: MODEL}}, wrench: {{force: {{x: {}, y: {}, z: {}}}}}
      </output>
",
        force.x, force.y, force.z
    );
    let mut text = format!(
        "    <plugin filename=\"gz-sim-apply-link-wrench-system\" name=\"gz::sim::systems::ApplyLinkWrench\"/>
    <!-- Still air that brakes: the force is the ball's mass times this factor times its velocity. -->
    <plugin filename=\"gz-sim-wind-effects-system\" name=\"gz::sim::systems::WindEffects\">
      <force_approximation_scaling_factor><k>{linear_drag}</k><px>0 0 0 1</px></force_approximation_scaling_factor>
    </plugin>
"
    );
    text += &put(*x, *y, 0.5, 1, "");
    text += &put(*x, *y, *radius, REST, "");
    text += &put(position.x, position.y, position.z, SERVE, &pushed);
    text += &shaft(*x, *y, *radius);
    let _ = write!(
        text,
        "    <model name=\"ball\">
      <pose>{x} {y} {radius} 0 0 0</pose>
      <link name=\"link\">
        <inertial>
          <mass>{mass}</mass>
          <inertia>
            <ixx>{inertia}</ixx><ixy>0</ixy><ixz>0</ixz><iyy>{inertia}</iyy><iyz>0</iyz><izz>{inertia}</izz>
          </inertia>
        </inertial>
        <enable_wind>true</enable_wind>
        <collision name=\"collision\">
          <geometry><sphere><radius>{radius}</radius></sphere></geometry>
          <surface>
            <bounce><restitution_coefficient>1</restitution_coefficient><threshold>0.05</threshold></bounce>
            <friction><ode><mu>0</mu><mu2>0</mu2></ode></friction>
          </surface>
        </collision>
        <visual name=\"visual\">
          <geometry><sphere><radius>{radius}</radius></sphere></geometry>
          <material><ambient>1 0.5 0 1</ambient><diffuse>1 0.6 0.1 1</diffuse></material>
        </visual>
      </link>
      <plugin filename=\"gz-sim-odometry-publisher-system\" name=\"gz::sim::systems::OdometryPublisher\">
        <odom_frame>world</odom_frame>
        <robot_base_frame>ball</robot_base_frame>
        <odom_publish_frequency>{rate}</odom_publish_frequency>
        <dimensions>3</dimensions>
        <odom_topic>/ball</odom_topic>
      </plugin>
    </model>
"
    );
    text
}

/// Four walls around where the ball comes to rest; nothing bounces there.
fn shaft(x: f64, y: f64, radius: f64) -> String {
    let (middle, width) = (radius + ROOM + 0.5 * WALL, 2. * (radius + ROOM + WALL));
    // Enough digits, and no more.
    let (middle, width) = (format!("{middle:.4}"), format!("{width:.4}"));
    let mut text = format!(
        "    <model name=\"shaft\">\n      <static>true</static>\n      <pose>{x} {y} {} 0 0 0</pose>\n      <link name=\"link\">\n",
        0.5 * SHAFT
    );
    let wall = |name: &str, place: &str, size: &str| {
        format!(
            "        <collision name=\"{name}\">
          <pose>{place} 0 0 0 0</pose>
          <geometry><box><size>{size} {SHAFT}</size></box></geometry>
        </collision>
"
        )
    };
    for (sign, [across, along]) in [("", ["front", "left"]), ("-", ["back", "right"])] {
        text += &wall(across, &format!("{sign}{middle} 0"), &format!("{WALL} {width}"));
        text += &wall(along, &format!("0 {sign}{middle}"), &format!("{width} {WALL}"));
    }
    text + "      </link>\n    </model>\n"
}
