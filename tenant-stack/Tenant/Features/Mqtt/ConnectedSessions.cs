using System.Threading.Channels;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Mqtt;
using IoTPlatform.Pki;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>Writes which devices are connected to the embedded broker: at once after a change, and then once a second, however many come and go.</summary>
internal sealed partial class ConnectedSessions(IServiceProvider services, DevicePresence presence, ILogger<ConnectedSessions> log) : BackgroundService, ISessionObserver
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public Task ConnectedAsync(MqttIdentity identity, CancellationToken cancellationToken) => Changed();

    public Task DisconnectedAsync(MqttIdentity identity, CancellationToken cancellationToken) => Changed();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // After a start nobody is connected; who was before is found so.
        await Changed();
        var failing = false;
        while (await _changed.Reader.ReadAsync(stoppingToken))
        {
            try
            {
                var sessions = services.GetRequiredService<MqttSessions>();
                await presence.ReconcileAsync(sessions.Connected.ToHashSet(StringComparer.Ordinal), stoppingToken);
                failing = false;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (!failing)
                {
                    Failed(e.Message);
                }

                failing = true;
                await Changed();
            }

            await Task.Delay(Interval, TimeProvider.System, stoppingToken);
        }
    }

    private Task Changed()
    {
        _changed.Writer.TryWrite(true);
        return Task.CompletedTask;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Which devices are connected can't be recorded; trying again and again: {Reason}")]
    private partial void Failed(string reason);
}

/// <summary>Ends the session of a device whose certificate was revoked; the authenticator refuses its next connection.</summary>
internal sealed partial class RevokedSessions(MqttSessions sessions, ILogger<RevokedSessions> log) : IRevocationWatcher
{
    public async Task RevokedAsync(IReadOnlyList<RevokedCertificate> certificates, CancellationToken cancellationToken)
    {
        foreach (var certificate in certificates.Where(c => c.Profile == Profiles.Device.Name))
        {
            if (await sessions.CloseAsync(certificate.Subject, MqttDisconnectReasonCode.NotAuthorized, "The certificate was revoked.", SerialNumber.ToDecimal(certificate.Serial)))
            {
                Ended(certificate.Subject);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "A certificate of device {Device} is revoked; its connection was ended")]
    private partial void Ended(string device);
}
