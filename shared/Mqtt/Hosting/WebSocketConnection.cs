using System.IO.Pipelines;
using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace IoTPlatform.Mqtt;

/// <summary>A WebSocket as a connection with bytes: binary messages, whose bounds mean nothing (MQTT-6.0.0-1, MQTT-6.0.0-2). Certificate and limits are the request's.</summary>
internal sealed class WebSocketConnection(HttpContext http, WebSocket socket) : ConnectionContext
{
    public override string ConnectionId { get; set; } = http.TraceIdentifier;

    public override IFeatureCollection Features => http.Features;

    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    public override IDuplexPipe Transport { get; set; } = new StreamPipe(WebSocketStream.Create(socket, WebSocketMessageType.Binary));

    public override EndPoint? RemoteEndPoint { get; set; } = http.Connection.RemoteIpAddress is { } address ? new IPEndPoint(address, http.Connection.RemotePort) : null;

    public override CancellationToken ConnectionClosed { get; set; } = http.RequestAborted;

    public override void Abort(ConnectionAbortedException abortReason) => http.Abort();

    private sealed class StreamPipe(Stream stream) : IDuplexPipe
    {
        public PipeReader Input { get; } = PipeReader.Create(stream);

        public PipeWriter Output { get; } = PipeWriter.Create(stream);
    }
}
