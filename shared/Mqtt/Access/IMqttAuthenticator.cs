using System.Security.Cryptography.X509Certificates;
using MQTTnet.Protocol;

namespace IoTPlatform.Mqtt;

/// <summary>Who a client is. Everything a client sends beside its certificate or password can only narrow that.</summary>
public interface IMqttAuthenticator
{
    /// <summary>An exception is answered with "server unavailable".</summary>
    ValueTask<AuthenticationResult> AuthenticateAsync(MqttCredentials credentials, CancellationToken cancellationToken);
}

/// <summary>What came with CONNECT. A class, not a record: the password is a secret.</summary>
public sealed class MqttCredentials
{
    /// <summary>The handshake proved that the client has its key; nothing else about it has been checked.</summary>
    public X509Certificate2? Certificate { get; init; }

    public required string ClientId { get; init; }

    public string? UserName { get; init; }

    public string? Password { get; init; }

    /// <summary>As limiters see it.</summary>
    public required string Address { get; init; }
}

/// <summary>An identity, or the reason code of CONNACK (MQTT 5 section 3.2.2.2) and its text.</summary>
public sealed class AuthenticationResult
{
    private AuthenticationResult(MqttIdentity? identity, MqttConnectReasonCode reasonCode, string? reason)
    {
        Identity = identity;
        ReasonCode = reasonCode;
        Reason = reason;
    }

    public MqttIdentity? Identity { get; }

    public MqttConnectReasonCode ReasonCode { get; }

    public string? Reason { get; }

    public static AuthenticationResult Admitted(MqttIdentity identity) => new(identity, MqttConnectReasonCode.Success, null);

    public static AuthenticationResult Refused(MqttConnectReasonCode reasonCode, string reason) => new(null, reasonCode, reason);
}
