"""What derivatives cost: counted from the trace, the declarations of its primitives and the plans of the engines."""
