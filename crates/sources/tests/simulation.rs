//! The project file of a simulated market reads back as the project that was simulated.

use counterpoint::data::calendar::Cadence;
use counterpoint::simulate::{ChannelKind, ChannelSpec, OutcomeWord, RosterSpec, SimulationSpec, simulate};
use counterpoint_sources::project_file::read_project;

#[test]
fn the_project_file_of_a_simulation_is_its_project() {
    let kinds = [ChannelKind::Treatment, ChannelKind::Organic, ChannelKind::Paid, ChannelKind::ReachFrequency];
    let channel = kinds.map(|kind| ChannelSpec { kind, ..ChannelSpec::default() }).to_vec();
    let specs = [
        SimulationSpec::default(),
        SimulationSpec {
            channel: channel.clone(),
            controls: 0,
            name: "a \"b\" \\ \u{7}é\n".into(),
            ..Default::default()
        },
        SimulationSpec { channel, geos: 3, outcome: OutcomeWord::Count, ar1: 0.5, ..Default::default() },
        SimulationSpec { cadence: Cadence::Daily, periods: 200, max_lag: Some(28), ..Default::default() },
        SimulationSpec {
            channel: vec![ChannelSpec { capture: true, name: Some("paid search".into()), ..Default::default() }],
            margin: Some(0.6),
            creators: Some(RosterSpec { count: 4, ..RosterSpec::default() }),
            ..Default::default()
        },
        SimulationSpec {
            outcome: OutcomeWord::Count,
            creators: Some(RosterSpec {
                count: 2,
                codes: 0.0,
                snapshots: 0.0,
                fake_worth: 0.2,
                ..RosterSpec::default()
            }),
            ..Default::default()
        },
    ];
    for spec in specs {
        let simulation = simulate(&spec).unwrap();
        let (project, findings) = read_project(&simulation.project_toml);
        assert!(findings.is_empty(), "{findings:#?}\n{}", simulation.project_toml);
        assert_eq!(project.unwrap(), simulation.project, "{}", simulation.project_toml);
    }
}
