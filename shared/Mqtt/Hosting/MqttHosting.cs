using System.Net.Security;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Mqtt;

/// <summary>What a host adds to have a broker.</summary>
public static class MqttHosting
{
    /// <summary>As registered with IANA: <c>mqtt</c>.</summary>
    public static readonly SslApplicationProtocol Alpn = new("mqtt");

    public const string MeterName = "IoTPlatform.Mqtt";

    private const string SubProtocol = "mqtt";

    /// <summary>Needs an <see cref="IMqttAuthenticator"/> and an <see cref="IMessageStore"/>; tells every <see cref="ISessionObserver"/>.</summary>
    public static IServiceCollection AddMqttBroker(this IServiceCollection services) => services
        .AddSingleton<MqttSessions>()
        .AddSingleton<BrokerMetrics>()
        .AddSingleton<Wills>()
        .AddSingleton<BrokerStatistics>()
        .AddSingleton<StatisticsReaders>()
        .AddHostedService<StatisticsPublisher>()
        .AddSingleton<Admission>()
        .AddSingleton<Publishing>()
        .AddSingleton<MqttEndpoint>()
        .AddHostedService<MqttBroker>();

    /// <summary>Told by the broker, and at work with the host.</summary>
    public static IServiceCollection AddPresenceRecorder<TRecorder>(this IServiceCollection services) where TRecorder : PresenceRecorder => services
        .AddSingleton<TRecorder>()
        .AddSingleton<ISessionObserver>(provider => provider.GetRequiredService<TRecorder>())
        .AddHostedService(provider => provider.GetRequiredService<TRecorder>());

    /// <summary>MQTT over TLS at addresses of its own.</summary>
    /// <param name="builder">The host's.</param>
    /// <param name="addresses">Beside those of its HTTPS.</param>
    /// <param name="tls">Asks for a client certificate, and offers <see cref="Alpn"/> to clients that negotiate.</param>
    public static IWebHostBuilder UseMqtt(this IWebHostBuilder builder, IEnumerable<ListenAddress> addresses, TlsHandshakeCallbackOptions tls) => builder.ConfigureKestrel(kestrel =>
    {
        foreach (var address in addresses)
        {
            kestrel.Listen(address, listen =>
            {
                listen.UseConnectionLimits();
                listen.UseHttps(tls);
                listen.UseConnectionHandler<MqttEndpoint>();
            });
        }
    });

    /// <summary>MQTT on the host's HTTPS, for clients that negotiate <see cref="Alpn"/>. After <c>UseHttps</c>, which has to offer it.</summary>
    public static void UseMqtt(this ListenOptions listen)
    {
        var endpoint = listen.ApplicationServices.GetRequiredService<MqttEndpoint>();
        listen.Use(next => connection =>
            connection.Features.Get<ISslStreamFeature>()?.SslStream.NegotiatedApplicationProtocol == Alpn ? endpoint.OnConnectedAsync(connection) : next(connection));
    }

    /// <summary>MQTT over WebSocket on the host's HTTPS, subprotocol <c>mqtt</c> (MQTT 5 section 6). The broker authenticates by itself.</summary>
    public static void MapMqtt(this IEndpointRouteBuilder app, string pattern = "/mqtt")
    {
        var endpoint = app.ServiceProvider.GetRequiredService<MqttEndpoint>();
        var pipeline = app.CreateApplicationBuilder();
        pipeline.UseWebSockets();
        pipeline.Run(http => ServeAsync(http, endpoint));
        app.MapGet(pattern, pipeline.Build()).AllowAnonymous().ExcludeFromDescription();
    }

    private static async Task ServeAsync(HttpContext http, MqttEndpoint endpoint)
    {
        // MQTT-6.0.0-3.
        if (!http.WebSockets.IsWebSocketRequest || !http.WebSockets.WebSocketRequestedProtocols.Contains(SubProtocol))
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "websocket_required", "Here is MQTT over WebSocket, with the subprotocol mqtt.");
        }

        using var socket = await http.WebSockets.AcceptWebSocketAsync(SubProtocol);
        await endpoint.OnConnectedAsync(new WebSocketConnection(http, socket));
    }
}
