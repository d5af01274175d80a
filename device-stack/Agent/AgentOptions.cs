namespace IoTPlatform.Agent;

/// <summary>What an agent does besides keeping its certificate.</summary>
public sealed record AgentOptions
{
    /// <summary>Make a new key pair at every renewal.</summary>
    public bool RotateKey { get; init; } = true;

    /// <summary>Null: as the device was enrolled.</summary>
    public AgentTransport? Transport { get; init; }

    /// <summary>Readings of the machine itself, so often; null: none.</summary>
    public TimeSpan? SystemReadings { get; init; }

    /// <summary>Readings as JSON objects, one a line.</summary>
    public TextReader? Lines { get; init; }

    /// <summary>Bytes of readings that wait on disk; beyond it the oldest go.</summary>
    public long SpoolBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Run for each command; null: commands are refused.</summary>
    public string? CommandExecutable { get; init; }

    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromMinutes(1);
}
