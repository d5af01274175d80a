using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Agent;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Emergencies;

/// <summary>Our agent in this process, over MQTT.</summary>
internal sealed class AgentAtWork : IAsyncDisposable
{
    private readonly DeviceFolder _folder;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    private AgentAtWork(DeviceFolder folder)
    {
        _folder = folder;
        _running = new RunningAgent(folder, new AgentOptions(), TimeProvider.System, RandomJitter.Instance, Events.Enqueue).RunAsync(_stop.Token);
    }

    public ConcurrentQueue<AgentEvent> Events { get; } = [];

    public bool IsConnected => Events.Any(e => e.Kind == AgentEventKind.Connected);

    /// <summary>When its connection ended; null: it did not.</summary>
    public DateTimeOffset? EndedAt => Events.FirstOrDefault(e => e.Kind is AgentEventKind.Disconnected or AgentEventKind.Revoked)?.At;

    /// <summary>When it renewed; null: not yet.</summary>
    public DateTimeOffset? RenewedAt => Events.FirstOrDefault(e => e.Kind == AgentEventKind.Renewed)?.At;

    /// <summary>Of the Sub-CA that signed the certificate on disk.</summary>
    public string IssuerKeyId
    {
        get
        {
            using var identity = _folder.LoadIdentity()!;
            return Convert.ToHexString(identity.Certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().Single().KeyIdentifier!.Value.Span);
        }
    }

    public static async Task<AgentAtWork> StartAsync(TenantStack tenant, string token, string deviceId, TempFolder temp)
    {
        var folder = DeviceFolder.Open(temp.Combine(deviceId));
        var settings = new DeviceSettings { TenantUrl = tenant.Url, DeviceId = deviceId, TrustDomain = tenant.TrustDomain, Transport = AgentTransport.Mqtt };
        using var identity = await new DeviceAgent(folder).EnrollAsync(new Enrollment { Settings = settings, Root = tenant.Root, Token = token });
        return new AgentAtWork(folder);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        _folder.Dispose();
    }
}
