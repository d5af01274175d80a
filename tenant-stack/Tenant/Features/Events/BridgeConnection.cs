using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Events;

/// <summary>The way to the provider's endpoints for bridges, kept open until the bridge certificate is another.</summary>
internal sealed class BridgeConnection(JoinFiles files, ProviderLink provider) : IDisposable
{
    private string? certificate;
    private X509Certificate2? identity;
    private ProviderConnection? connection;

    public ProviderClient Open()
    {
        var bundle = files.ReadBundle() ?? throw new InvalidOperationException($"{files.Bundle} is missing or damaged.");
        if (connection is not null && certificate == bundle.MqttBridgeCert)
        {
            return connection.Client;
        }

        Dispose();
        identity = files.ReadBridgeIdentity(bundle);
        connection = provider.Connect(identity);
        certificate = bundle.MqttBridgeCert;
        return connection.Client;
    }

    /// <summary>Closes it; it can be opened again.</summary>
    public void Dispose()
    {
        connection?.Dispose();
        identity?.Dispose();
        (connection, identity, certificate) = (null, null, null);
    }
}
