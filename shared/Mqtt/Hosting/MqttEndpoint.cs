using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using MQTTnet.Adapter;
using MQTTnet.AspNetCore;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Formatter;
using MQTTnet.Server;

namespace IoTPlatform.Mqtt;

/// <summary>Kestrel's connections for MQTTnet's server, each behind a <see cref="Connection"/>.</summary>
internal sealed class MqttEndpoint(MqttSessions sessions, Publishing publishing, BrokerStatistics statistics) : ConnectionHandler, IMqttServerAdapter
{
    /// <summary>A CONNECT packet of a stranger; a will has to fit in.</summary>
    private const int LargestConnect = 16 * 1024;

    /// <summary>Each connection has a buffer for the headers of what it is sent; a payload is not copied into it.</summary>
    private const int WriterBuffer = 256;
    private const int LargestWriterBuffer = 4096;

    public Func<IMqttChannelAdapter, Task>? ClientHandler { get; set; }

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        // Null before the server's start and after its end.
        if (ClientHandler is not { } serve)
        {
            return;
        }

        var input = new PacketSizeLimit(connection.Transport.Input, LargestConnect);
        var output = new HeldOutput(connection.Transport.Output);
        connection.Transport = new LimitedPipe(input, output);
        using var channel = new MqttConnectionContext(new MqttPacketFormatterAdapter(new MqttBufferWriter(WriterBuffer, LargestWriterBuffer)), connection);
        using var client = new Connection(channel, connection, input, output, sessions, publishing);
        statistics.Opened(client);
        try
        {
            await serve(client);
        }
        finally
        {
            statistics.Ended(client);
            await client.EndAsync();
        }
    }

    public Task StartAsync(MqttServerOptions options, IMqttNetLogger logger) => Task.CompletedTask;

    public Task StopAsync() => Task.CompletedTask;

    public void Dispose()
    {
    }

    private sealed record LimitedPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
