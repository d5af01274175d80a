using Microsoft.Extensions.Logging;

namespace IoTPlatform.RabbitMq.Amqp;

/// <summary>A line about a tenant's dead letters at most once a minute, however many there are.</summary>
public sealed partial class DeadLetterLog(string tenantId, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private readonly Lock _gate = new();
    private DateTimeOffset _next;
    private int _count;

    public void Add(string reason)
    {
        int count;
        lock (_gate)
        {
            _count++;
            if (time.GetUtcNow() < _next)
            {
                return;
            }

            _next = time.GetUtcNow() + Interval;
            count = _count;
            _count = 0;
        }

        Refused(tenantId, count, reason);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Telemetry of tenant {Tenant}: {Count} messages since the last such line could not be stored and are among the dead letters; the last because of {Reason}")]
    private partial void Refused(string tenant, int count, string reason);
}
