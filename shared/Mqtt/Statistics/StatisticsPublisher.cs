using System.Text;
using Microsoft.Extensions.Hosting;

namespace IoTPlatform.Mqtt;

/// <summary>Sends the statistics to operators who have subscribed to them: within a second, and then every ten.</summary>
internal sealed class StatisticsPublisher(BrokerStatistics statistics, MqttSessions sessions, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Look, time);
        for (var sent = time.GetTimestamp(); await timer.WaitForNextTickAsync(stoppingToken);)
        {
            var isDue = time.GetElapsedTime(sent) >= BrokerStatistics.Interval;
            var readers = sessions.Readers.Where(reader => reader.TakeNewReader() || isDue).ToList();
            if (isDue)
            {
                sent = time.GetTimestamp();
            }

            if (isDue || readers.Count > 0)
            {
                var values = statistics.Read();
                readers.ForEach(reader => Send(reader, values));
            }
        }
    }

    /// <summary>Not waited for: QoS 0, and one who does not read has no more than its queue.</summary>
    private static void Send(Connection reader, IReadOnlyList<(string Topic, string Value)> values)
    {
        var filters = reader.Session.Filters;
        foreach (var (topic, value) in values.Where(value => filters.Any(filter => TopicSyntax.Covers(filter.Key, value.Topic))))
        {
            _ = reader.Deliveries.SendAsync(new OutboundMessage { Topic = topic, Payload = Encoding.UTF8.GetBytes(value), AtLeastOnce = false }, CancellationToken.None);
        }
    }
}
