using System.Net;
using System.Text;
using IoTPlatform.Hosting;
using Microsoft.Extensions.Logging;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using MQTTnet.Server;

namespace IoTPlatform.Mqtt;

/// <summary>
/// CONNECT: who it is, whether client id and will are its own, and its session. Every refusal has a reason code (MQTT 5 section 3.2.2.2). Refused
/// attempts are limited by address, accepted ones by identity only.
/// </summary>
internal sealed partial class Admission(IMqttAuthenticator authenticator, StatisticsReaders readers, MqttSessions sessions, IServiceProvider services, TimeProvider time, ILogger<Admission> log)
{
    private readonly RateLimiter _refusals = new(time, burst: 50, delay: TimeSpan.FromSeconds(1), longest: TimeSpan.FromSeconds(30));
    private readonly RateLimiter _connects = new(time, burst: 20, delay: TimeSpan.FromSeconds(1));

    public async Task ValidateAsync(ValidatingConnectionEventArgs args)
    {
        var connection = (Connection)args.ChannelAdapter;
        var address = ClientAddress.Of((connection.RemoteEndPoint as IPEndPoint)?.Address);
        var refusal = await TryAdmitAsync(connection, args, address);
        if (refusal is { } refused)
        {
            args.ReasonCode = refused.Code;
            args.ReasonString = refused.Reason;
            if (connection.Connect!.ClientId.Length == 0)
            {
                // MQTTnet would say that it is the client id.
                connection.Connect.ClientId = "refused";
            }

            Refused(address, refused.Code, refused.Reason);
        }
    }

    private async Task<Refusal?> TryAdmitAsync(Connection connection, ValidatingConnectionEventArgs args, string address)
    {
        var connect = connection.Connect!;
        try
        {
            var closings = sessions.Closings;
            if (await IdentifyAsync(connection, connect, address, args.CancellationToken) is var (identity, refusal) && identity is null)
            {
                return _refusals.TryReserve(address, out _) is null ? new Refusal(TooOften(connection), "Too many refused attempts. Wait.") : refusal;
            }

            if (_connects.TryReserve(identity.Name, out _) is null)
            {
                return new Refusal(TooOften(connection), "Too many connections of this client. Wait.");
            }

            if (connect.ClientId.Length == 0)
            {
                args.AssignedClientIdentifier = identity.ClientId;
            }

            if (await OpenAsync(connection, connect, identity) is not { } session)
            {
                return new Refusal(MqttConnectReasonCode.ServerBusy, "The same client has connected again.");
            }

            connection.Admit(identity, session);
            args.SessionItems[typeof(Connection)] = connection;
            if (sessions.Closings != closings && await IdentifyAsync(connection, connect, address, args.CancellationToken) is { Identity: null } again)
            {
                // Revoked meanwhile.
                return again.Refusal;
            }

            // One session of the server for a name.
            connect.ClientId = identity.Name;
            connection.Transport.Know(services, $"mqtt {identity.Name}");
            return null;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            NotChecked(address, e);
            return new Refusal(MqttConnectReasonCode.ServerUnavailable, "Clients can't be checked now. Try again later.");
        }
    }

    private async Task<(MqttIdentity? Identity, Refusal Refusal)> IdentifyAsync(Connection connection, MqttConnectPacket connect, string address, CancellationToken cancellationToken)
    {
        if (!string.IsNullOrEmpty(connect.AuthenticationMethod))
        {
            return (null, new Refusal(MqttConnectReasonCode.BadAuthenticationMethod, "There is no enhanced authentication."));
        }

        var credentials = new MqttCredentials
        {
            Certificate = connection.ClientCertificate,
            ClientId = connect.ClientId,
            UserName = connect.Username,
            Password = connect.Password is { } password ? Encoding.UTF8.GetString(password) : null,
            Address = address,
        };
        var result = await (StatisticsReaders.Is(credentials) ? readers.AuthenticateAsync(credentials, cancellationToken) : authenticator.AuthenticateAsync(credentials, cancellationToken));
        if (result.Identity is not { } identity)
        {
            return (null, new Refusal(result.ReasonCode, result.Reason));
        }

        if (connect.ClientId != identity.ClientId && connect.ClientId.Length > 0)
        {
            return (null, new Refusal(MqttConnectReasonCode.ClientIdentifierNotValid, $"The client id of this client is {identity.ClientId}."));
        }

        if (connect.WillFlag && identity.Access.Publishable(connect.WillTopic) is null)
        {
            return (null, new Refusal(MqttConnectReasonCode.NotAuthorized, "This client may not publish under the topic of its will."));
        }

        return (identity, default);
    }

    private Task<Session?> OpenAsync(Connection connection, MqttConnectPacket connect, MqttIdentity identity)
    {
        // MQTT 3.1.1: a session that is not clean has no end (section 3.1.2.4); here it has one.
        var wish = connection.IsMqtt5 ? TimeSpan.FromSeconds(connect.SessionExpiryInterval) : connect.CleanSession ? TimeSpan.Zero : TimeSpan.MaxValue;
        var expiry = wish < identity.Limits.SessionExpiry ? wish : identity.Limits.SessionExpiry;
        return sessions.OpenAsync(connection, identity, connect.CleanSession, expiry);
    }

    /// <summary>MQTT 3.1.1 has no code for it (section 3.2.2.3), and MQTTnet would blame the protocol version.</summary>
    private static MqttConnectReasonCode TooOften(Connection connection) => connection.IsMqtt5 ? MqttConnectReasonCode.ConnectionRateExceeded : MqttConnectReasonCode.ServerUnavailable;

    private readonly record struct Refusal(MqttConnectReasonCode Code, string? Reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "A client from {Address} was refused ({Code}): {Reason}")]
    private partial void Refused(string address, MqttConnectReasonCode code, string? reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A client from {Address} could not be checked")]
    private partial void NotChecked(string address, Exception e);
}
