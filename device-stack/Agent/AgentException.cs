namespace IoTPlatform.Agent;

/// <summary>The agent cannot continue; the message names the remedy for the operator.</summary>
public sealed class AgentException(string message, Exception? inner = null) : Exception(message, inner);
