namespace IoTPlatform.Telemetry.Ingest;

/// <summary>The source of a message; the writer reports the message's outcome to it.</summary>
public interface ITelemetrySource
{
    /// <summary>Why it ended; never fails.</summary>
    Task<string> Ended { get; }

    /// <summary>What was stored last before this session, as far as a redelivered message can be one of it, by <see cref="TelemetryTable.SourceOf"/>. For the writer alone.</summary>
    Dictionary<string, List<byte[]>> StoredBefore { get; }

    /// <summary>Everything that was received up to then is acknowledged: no redelivered message can be one of it. The epoch: it is not known. For the writer alone.</summary>
    Task<DateTimeOffset> AcknowledgedToAsync(CancellationToken cancellationToken) => Task.FromResult(DateTimeOffset.UnixEpoch);

    /// <summary>The message is stored, or known to be.</summary>
    void Acknowledge(ulong tag);

    /// <summary>To the dead letters, and acknowledged when the broker has confirmed that they have it.</summary>
    Task RefuseAsync(ulong tag, string routingKey, ReadOnlyMemory<byte> body, string reason);

    /// <summary>The broker then has everything that was not acknowledged, and the next session gets it again.</summary>
    void End(string reason);
}

/// <summary>A message on its way from a tenant's queue into the database.</summary>
public sealed class TelemetryDelivery(ITelemetrySource session, ulong tag, bool redelivered, TelemetryMessage message)
{
    public ITelemetrySource Session => session;
    public ulong Tag => tag;
    public TelemetryMessage Message => message;

    /// <summary>The broker delivered it before, and nothing in it shows whether that delivery was stored.</summary>
    public bool MayBeARepetition => redelivered && !message.HasTimestamp;

    /// <summary>Found to be stored already.</summary>
    public bool IsRepetition { get; set; }
}
