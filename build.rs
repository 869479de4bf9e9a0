#[path = "build/agents.rs"]
mod agents;

fn main() -> Result<(), String> {
    agents::compile()
}
