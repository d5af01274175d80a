namespace IoTPlatform.Agent;

/// <summary>What the agent did or is about to do; <see cref="Next"/> is when it acts again.</summary>
public sealed record AgentEvent(AgentEventKind Kind, DateTimeOffset At, string Message, DateTimeOffset? Next = null);
