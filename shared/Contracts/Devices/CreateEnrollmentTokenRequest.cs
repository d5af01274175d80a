namespace IoTPlatform.Contracts.Devices;

/// <summary><c>POST /portal/devices/tokens</c>. Members with a default have a setter: generated JSON code would write 0 over it through an init accessor.</summary>
public sealed record CreateEnrollmentTokenRequest
{
    /// <summary>Binds the token to one device id; null for a fleet token.</summary>
    public string? DeviceId { get; init; }

    /// <summary>How many devices may enrol with it; 1 when a device id is given.</summary>
    public int Uses { get; set; } = 1;

    /// <summary>Seconds until it expires; 86,400 by default, 30 days at the most.</summary>
    public int ExpiresInSeconds { get; set; } = 86_400;
    public string? Note { get; init; }
}
