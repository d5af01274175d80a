using IoTPlatform.CertificateAuthority;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

namespace IoTPlatform.Provider.Features.Messaging.RabbitMq;

/// <summary>Ends the connections of bridges whose certificate was revoked. RabbitMQ does not tell which certificate a connection has: one with a good certificate comes back.</summary>
internal sealed class RevokedBridges(RabbitMqApi api) : IRevocationWatcher
{
    public async Task RevokedAsync(IReadOnlyList<RevokedCertificate> certificates, CancellationToken cancellationToken)
    {
        foreach (var login in certificates.Where(c => c.Profile == Profiles.MqttBridge.Name).Select(c => c.Subject).Distinct(StringComparer.Ordinal))
            await api.CloseConnectionsAsync(login, "certificate revoked", cancellationToken);
    }
}
