namespace IoTPlatform.Contracts.Telemetry;

/// <summary>How telemetry goes from a tenant to its provider.</summary>
public sealed record UplinkStatus
{
    /// <summary><c>connected</c>, <c>away</c>, or <c>none</c>: the provider's broker serves no tenants.</summary>
    public required string State { get; init; }
    public DateTimeOffset? ConnectedSince { get; init; }

    /// <summary>Why it is away.</summary>
    public string? Reason { get; init; }

    /// <summary>Messages that the provider has not acknowledged; 10,000 stands for more, too.</summary>
    public required int Waiting { get; init; }

    /// <summary>When the first of them was received.</summary>
    public DateTimeOffset? WaitingSince { get; init; }
}

/// <summary><c>POST /portal/uplink/resend</c>: sends again what was received from then on. The provider stores only what it lacks.</summary>
public sealed record ResendRequest
{
    public required DateTimeOffset From { get; init; }
}
