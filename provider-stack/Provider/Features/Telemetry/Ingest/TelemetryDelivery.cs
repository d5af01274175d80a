namespace IoTPlatform.Provider.Features.Telemetry.Ingest;

/// <summary>A message on its way from a tenant's queue into the database.</summary>
internal sealed class TelemetryDelivery(ITelemetrySource session, ulong tag, bool redelivered, TelemetryMessage message)
{
    public ITelemetrySource Session => session;
    public ulong Tag => tag;
    public TelemetryMessage Message => message;

    /// <summary>The broker gave it to somebody before, and nothing in it tells whether that one stored it.</summary>
    public bool MayBeARepetition => redelivered && !message.HasTimestamp;

    /// <summary>Found to be stored already.</summary>
    public bool IsRepetition { get; set; }
}
