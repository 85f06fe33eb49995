"""The supervisors' desk for the sender: one module per noun, every action by the confirm recipe."""
