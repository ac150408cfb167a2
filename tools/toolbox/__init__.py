"""What a model may call, by kind: READ and PROPOSE. No tool places an order."""
