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

/// <summary><c>POST /portal/admin/tenants/{tenant}/bridge/uplink</c>, over mTLS with the bridge certificate: how far the way up has come.</summary>
public sealed record UplinkProgress
{
    /// <summary>The provider's database as the tenant knows it; null: it knows none yet.</summary>
    public string? Database { get; init; }

    /// <summary>What the tenant received before then, by its own clock, has been acknowledged.</summary>
    public required DateTimeOffset AcknowledgedUntil { get; init; }
}

public sealed record UplinkCheckpoint
{
    /// <summary>Changes with every start, restore and replacement of the provider's database; opaque.</summary>
    public required string Database { get; init; }

    /// <summary>False: it is another database than the tenant knows. Nothing was recorded.</summary>
    public required bool Recorded { get; init; }

    /// <summary>If not recorded: what the tenant received from then on may be missing there. Null: everything may.</summary>
    public DateTimeOffset? ResendFrom { get; init; }
}
