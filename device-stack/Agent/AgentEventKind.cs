namespace IoTPlatform.Agent;

public enum AgentEventKind
{
    Enrolled,

    /// <summary>Sleeping until the next renewal.</summary>
    Waiting,
    Renewed,

    /// <summary>An attempt failed; another follows.</summary>
    Retrying,
    Revoked,
    Expired,
    Stopped,
}
