namespace IoTPlatform.Agent;

/// <summary>The agent cannot go on; the message tells the operator what to do.</summary>
public sealed class AgentException(string message, Exception? inner = null) : Exception(message, inner);
