using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Telemetry.Ingest;

/// <summary>Messages whose senders wait for the commit: one writer for all of them. What is waited for when the host stops is stored or fails.</summary>
public sealed class TelemetryIntake(TelemetryStore store, TelemetryOptions options, IngestMetrics metrics, TimeProvider time, ILogger<TelemetryIntake> log) : BackgroundService
{
    private readonly Channel<TelemetryDelivery> _queue = Channel.CreateBounded<TelemetryDelivery>(new BoundedChannelOptions(IngestLimits.Waiting) { SingleReader = true });
    private readonly Lock _clock = new();
    private DateTimeOffset _lastReceived;

    /// <summary>For one request of a tenant's client.</summary>
    public IntakeSession Open(string tenantId) => new(tenantId, this, TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>For a connection that sends some messages only once.</summary>
    public ConnectionIntake OpenConnection(string tenantId) => new(tenantId, this);

    /// <summary>
    /// A message that its source is given again until it acknowledges it. Returns null when it is on its way to the writer, which tells the source what becomes of
    /// it, or one of <see cref="TelemetryRefusal"/>. Waits while the writer is busy; throws <see cref="ChannelClosedException"/> when the host stops.
    /// </summary>
    /// <param name="tenantId">Whose it is.</param>
    /// <param name="source">Learns the outcome.</param>
    /// <param name="tag">Under this number.</param>
    /// <param name="redelivered">The source may have been given it before.</param>
    /// <param name="topic">Its levels may end at dots.</param>
    /// <param name="payload">Is not kept.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<string?> TakeAsync(
        string tenantId, ITelemetrySource source, ulong tag, bool redelivered, string topic, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        if (!TelemetryParser.TryParse(tenantId, topic, payload.Span, Now(), options, out var message, out var refusal))
        {
            return refusal;
        }

        await _queue.Writer.WriteAsync(new TelemetryDelivery(source, tag, redelivered, message), cancellationToken);
        return null;
    }

    /// <summary>A way to another thread for each message would cost as much as the rest of its way.</summary>
    internal IntakeSession OpenInline(string tenantId) => new(tenantId, this, TaskCreationOptions.None);

    internal ChannelWriter<TelemetryDelivery> Queue => _queue.Writer;

    internal TelemetryOptions Options => options;

    internal TimeProvider Time => time;

    internal IngestMetrics Metrics => metrics;

    /// <summary>When a message is received that is taken now. In whole microseconds and never twice the same, so that messages without a timestamp stay apart.</summary>
    public DateTimeOffset Now()
    {
        var now = TelemetryParser.ToMicroseconds(time.GetUtcNow());
        lock (_clock)
        {
            return _lastReceived = now > _lastReceived ? now : _lastReceived.AddMicroseconds(1);
        }
    }

    /// <summary>Also where the host stops before the writer has begun.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (ExecuteTask is null or { IsCompleted: true })
        {
            EndWaiting();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var giveUp = new CancellationTokenSource();
        // A writer that ends before it is stopped has hit a bug, and ends the host: nothing is taken that is not stored.
        var writing = Task.Run(() => new TelemetryWriter(_queue.Reader, store, metrics, time, log).RunAsync(giveUp.Token), CancellationToken.None);
        await using var stop = stoppingToken.Register(() =>
        {
            _queue.Writer.TryComplete();
            giveUp.CancelAfter(IngestLimits.DrainTimeout);
        });
        try
        {
            await writing;
        }
        finally
        {
            EndWaiting();
        }
    }

    private void EndWaiting()
    {
        _queue.Writer.TryComplete();
        while (_queue.Reader.TryRead(out var delivery))
        {
            delivery.Session.End("the host stops");
        }
    }
}
