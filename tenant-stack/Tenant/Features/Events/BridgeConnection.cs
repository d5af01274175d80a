using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Events;

/// <summary>The way to the provider's endpoints for bridges, kept open until the bridge certificate is another.</summary>
internal sealed class BridgeConnection(JoinFiles files, ProviderLink provider) : IDisposable
{
    private string? _certificate;
    private X509Certificate2? _identity;
    private ProviderConnection? _connection;

    public ProviderClient Open()
    {
        var bundle = files.ReadBundle() ?? throw new InvalidOperationException($"{files.Bundle} is missing or damaged.");
        if (_connection is not null && _certificate == bundle.MqttBridgeCert)
        {
            return _connection.Client;
        }

        Dispose();
        _identity = files.ReadBridgeIdentity(bundle);
        _connection = provider.Connect(_identity);
        _certificate = bundle.MqttBridgeCert;
        return _connection.Client;
    }

    /// <summary>Closes it; it can be opened again.</summary>
    public void Dispose()
    {
        _connection?.Dispose();
        _identity?.Dispose();
        (_connection, _identity, _certificate) = (null, null, null);
    }
}
