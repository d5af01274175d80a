using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.RabbitMq;

/// <summary>A mosquitto_sub that runs.</summary>
internal sealed class MqttSubscription : IAsyncDisposable
{
    private const string Acknowledged = "Subscribed (mid:";

    /// <summary>SUBACK's return code for a failure (MQTT 3.1.1 section 3.9.3).</summary>
    private const string Refused = " 128";

    private readonly ProcessUnderTest _process;

    private MqttSubscription(ProcessUnderTest process, bool subscribed)
    {
        _process = process;
        Subscribed = subscribed;
    }

    /// <summary>The broker granted the subscription. Otherwise it said so (4.x), hung up (3.x) or refused the connection.</summary>
    public bool Subscribed { get; }

    /// <summary>How often the client has connected: more than once means that it was thrown off.</summary>
    public int Connects => CountConnects(_process);

    public string Output => _process.Output;

    /// <summary>Lines that are messages: topic, a blank, payload.</summary>
    public IEnumerable<string> Messages => _process.Lines.Where(l => !l.StartsWith("Client ", StringComparison.Ordinal) && !l.StartsWith("Subscribed ", StringComparison.Ordinal));

    public static async Task<MqttSubscription> StartAsync(string tool, IEnumerable<string> arguments)
    {
        // Line by line, although it writes into a pipe.
        var process = await ForkThread.StartAsync("stdbuf", ["-oL", tool, .. arguments]);
        try
        {
            var line = await process.WaitForLineAsync(l => l.StartsWith(Acknowledged, StringComparison.Ordinal) || IsEnd(process, l));
            return new MqttSubscription(process, line.StartsWith(Acknowledged, StringComparison.Ordinal) && !line.EndsWith(Refused, StringComparison.Ordinal));
        }
        catch (InvalidOperationException)
        {
            return new MqttSubscription(process, subscribed: false);
        }
    }

    public Task<string> MessageAsync(string line) => _process.WaitForLineAsync(l => l == line);

    /// <summary>Returns once the client lost its connection and tries again.</summary>
    public Task LostAsync() => _process.WaitForLineAsync(_ => Connects > 1);

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    /// <summary>mosquitto_sub connects anew by itself: a second CONNECT before any SUBACK means that it was thrown out.</summary>
    private static bool IsEnd(ProcessUnderTest process, string line) =>
        (line.Contains("received CONNACK (", StringComparison.Ordinal) && !line.EndsWith("CONNACK (0)", StringComparison.Ordinal)) || CountConnects(process) > 1;

    private static int CountConnects(ProcessUnderTest process) => process.Lines.Count(l => l.EndsWith("sending CONNECT", StringComparison.Ordinal));
}
