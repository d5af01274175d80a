using IoTPlatform.CertificateAuthority;
using IoTPlatform.Mqtt;
using IoTPlatform.Pki;
using MQTTnet.Protocol;
using Npgsql;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>Records which devices are connected to the embedded broker.</summary>
internal sealed class ConnectedSessions(IServiceProvider services, DevicePresence presence, NpgsqlDataSource database, ILogger<ConnectedSessions> log)
    : PresenceRecorder("devices", services, TimeProvider.System, log)
{
    private readonly PresenceOwner _owner = new(database);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await _owner.DisposeAsync();
    }

    protected override Task RecordAsync(IReadOnlyCollection<string> connected, CancellationToken cancellationToken) => _owner.RunAsync(
        (db, owner) => presence.ReconcileAsync(db, connected.ToHashSet(StringComparer.Ordinal), owner, cancellationToken), cancellationToken);
}

/// <summary>Ends the session of a device whose certificate was revoked or put on hold; the authenticator refuses its next connection.</summary>
internal sealed partial class RevokedSessions(MqttSessions sessions, ILogger<RevokedSessions> log) : IRevocationWatcher
{
    /// <summary>One that is slow to go does not keep the others.</summary>
    private const int AtOnce = 64;

    public Task RevokedAsync(IReadOnlyList<RevokedCertificate> certificates, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        certificates.Where(c => c.Profile == Profiles.Device.Name), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (certificate, _) =>
        {
            if (await sessions.CloseAsync(certificate.Subject, MqttDisconnectReasonCode.NotAuthorized, certificate.Notice, SerialNumber.ToDecimal(certificate.Serial)))
            {
                Ended(certificate.Subject);
            }
        });

    [LoggerMessage(Level = LogLevel.Information, Message = "A certificate of device {Device} is revoked or on hold; its connection was ended")]
    private partial void Ended(string device);
}
