namespace IoTPlatform.Agent;

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
