namespace IoTPlatform.Telemetry.Ingest;

/// <summary>The way into the writer for one MQTT connection: the end of one, where the database is away, ends no other.</summary>
public sealed class ConnectionIntake : IDisposable
{
    private readonly IntakeSession _acknowledged;
    private readonly IntakeSession _once;

    internal ConnectionIntake(string tenantId, TelemetryIntake intake)
    {
        _acknowledged = intake.OpenInline(tenantId);
        _once = intake.OpenInline(tenantId);
    }

    /// <summary>
    /// As <see cref="IntakeSession.StoreAsync"/>, but what awaits it runs where the commit is announced, and all others wait for it: it hands the outcome on and
    /// does nothing else.
    /// </summary>
    /// <param name="topic">Its levels may end at dots.</param>
    /// <param name="payload">Is not kept.</param>
    /// <param name="comesAgain">Its sender sends it again if it is not acknowledged. Others are stored after the connection's end, too.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public Task<string?> StoreAsync(string topic, ReadOnlySpan<byte> payload, bool comesAgain, CancellationToken cancellationToken) =>
        (comesAgain ? _acknowledged : _once).StoreAsync(topic, payload, cancellationToken);

    /// <summary>The connection has ended: what is not stored and not acknowledged comes again with the next one.</summary>
    public void Dispose() => _acknowledged.End("the connection ended");
}
