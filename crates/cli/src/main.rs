//! The counterpoint program: a table of contents. Arguments in [`args`], a file a command in [`commands`], all printing in [`terminal`].

// this crate is the rim: it holds the clock, the terminal and the file system
#![allow(clippy::disallowed_methods)]

mod advice;
mod args;
mod candidates;
mod commands;
mod exit;
mod experiments;
mod hash;
mod interrupt;
mod judge;
mod load;
mod partial;
mod planning;
mod prior_only;
mod progress;
mod reopen;
mod report_creators;
mod report_data;
mod roster;
mod run_folder;
mod run_page;
mod sampling;
mod settings;
mod table;
mod terminal;
mod trusting;

use args::{Args, Command};
use clap::Parser;
use terminal::Terminal;

fn main() -> std::process::ExitCode {
    let args = Args::parse();
    let terminal = Terminal::new(args.json, args.command.quiet());
    terminal::catch_bugs();
    let result = match args.command {
        Command::Init(args) => commands::init::run(&args, &terminal),
        Command::Check(args) => commands::check::run(&args, &terminal),
        Command::Fit(args) => commands::fit::run(&args, &terminal),
        Command::Report(args) => commands::report::run(&args, &terminal),
        Command::Creators(args) => commands::creators::run(&args, &terminal),
        Command::Plan(args) => commands::plan::run(&args, &terminal),
        Command::Stress(args) => commands::stress::run(&args, &terminal),
        Command::Verify(args) => commands::verify::run(&args, &terminal),
        Command::Experiment(args) => commands::experiment::run(&args.command, &terminal),
        Command::Demo(args) => commands::demo::run(&args, &terminal),
        Command::Simulate(args) => commands::simulate::run(&args, &terminal),
    };
    match result {
        Ok(exit) => exit.code(),
        Err(error) => terminal.failed(&error).code(),
    }
}
