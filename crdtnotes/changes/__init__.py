"""What is stored and sent: changes and messages, to bytes and back, with every bound in one place."""
