namespace IoTPlatform.Agent;

/// <summary>What the agent did or is about to do; <see cref="Next"/> is when it acts again.</summary>
public sealed record AgentEvent(AgentEventKind Kind, DateTimeOffset At, string Message, DateTimeOffset? Next = null);

public enum AgentEventKind
{
    Enrolled,

    /// <summary>Sleeping until the next renewal.</summary>
    Waiting,
    Renewed,

    /// <summary>An attempt failed; another follows.</summary>
    Retrying,
    Connected,

    /// <summary>No connection, or readings can't be sent; tried again.</summary>
    Disconnected,

    /// <summary>A reading or an answer that is not taken.</summary>
    Refused,

    /// <summary>Readings that were never sent: the spool is full.</summary>
    Dropped,

    /// <summary>A command was carried out, or was not.</summary>
    Command,
    Revoked,
    Expired,
    Stopped,
}

/// <summary>Why the agent's loop ended.</summary>
public enum AgentOutcome
{
    /// <summary>Asked to.</summary>
    Stopped,

    /// <summary>The tenant revoked the device: renewing again is pointless.</summary>
    Revoked,

    /// <summary>The certificate ran out before a renewal got through: the device has to enrol again.</summary>
    Expired,
}
