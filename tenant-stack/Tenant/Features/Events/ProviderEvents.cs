using System.Collections.Frozen;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Events;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Events;

/// <summary>The platform's bus as this stack reaches it: over HTTPS, with the bridge certificate. What can't be sent waits where the relay reads it.</summary>
internal sealed partial class ProviderEvents(JoinedTenant tenant, BridgeConnection bridge, TimeProvider time, ILogger<ProviderEvents> log) : IEventPublisher, IDisposable
{
    private static readonly TimeSpan RefusalBackoff = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestAskedFor = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMinutes(1);

    private static readonly FrozenSet<string> Everything = FrozenSet.Create(
        StringComparer.Ordinal, DeviceEnrolled.Name, DeviceOnline.Name, DeviceOffline.Name, DeviceCommanded.Name, CertificateIssued.Name, CertificateRenewed.Name, CertificateRevoked.Name, CertificateReleased.Name, CertificateExpiring.Name, CertificateSurplus.Name);

    // The provider takes one batch of a tenant at a time.
    private readonly SemaphoreSlim _turn = new(1);

    // What the provider will not have, until the batch it came in is through.
    private readonly HashSet<Guid> _leftOut = [];
    private readonly HashSet<string> _leftOutFor = new(StringComparer.Ordinal);
    private string? _waitingFor;
    private long _notBefore = long.MinValue;
    private long _everythingUntil = long.MinValue;

    /// <summary>False for as long as the provider asked to wait, and for a minute after a refusal. Without a JOIN this stack has no application to run in.</summary>
    public bool IsReady => time.GetUtcNow().UtcTicks >= Volatile.Read(ref _notBefore);

    /// <summary>Where everything has a subscriber, no type can be added by another, and the answer holds for a while. An older provider can't be asked: it takes everything.</summary>
    public async Task<IReadOnlySet<string>> SubscribedTypesAsync(CancellationToken cancellationToken)
    {
        if (time.GetUtcNow().UtcTicks < Volatile.Read(ref _everythingUntil))
        {
            return Everything;
        }

        IReadOnlySet<string> subscribed = Everything;
        await CallAsync(async provider =>
        {
            try
            {
                var answer = await provider.ListSubscribedEventsAsync(tenant.TenantId, cancellationToken);
                subscribed = answer.Types.Where(Everything.Contains).ToFrozenSet(StringComparer.Ordinal);
            }
            catch (ApiException e) when (e.Status is 404 or 405)
            {
            }
        });
        if (subscribed.Count == Everything.Count)
        {
            Volatile.Write(ref _everythingUntil, (time.GetUtcNow() + AskAgainAfter).UtcTicks);
        }

        return subscribed;
    }

    public async Task PublishAsync(IReadOnlyList<PlatformEvent> events, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            foreach (var batch in OutgoingEvent.Batches(events))
            {
                await SendAsync(batch, cancellationToken);
            }

            _leftOut.Clear();
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>A batch is refused as a whole: halving it finds the events that are to blame, and the others go out.</summary>
    private async Task SendAsync(IReadOnlyList<OutgoingEvent> batch, CancellationToken cancellationToken)
    {
        OutgoingEvent[] rest = [.. batch.Where(e => !_leftOut.Contains(e.Event.Id))];
        if (rest.Length == 0)
        {
            return;
        }

        try
        {
            await PostAsync(rest, cancellationToken);
        }
        catch (ApiException e) when (IsAboutTheEvents(e))
        {
            if (rest.Length == 1)
            {
                LeaveOut(rest[0].Event, e);
                return;
            }

            var half = rest.Length / 2;
            await SendAsync(rest[..half], cancellationToken);
            await SendAsync(rest[half..], cancellationToken);
        }
    }

    private Task PostAsync(IReadOnlyList<OutgoingEvent> batch, CancellationToken cancellationToken) =>
        CallAsync(provider => provider.ForwardEventsAsync(tenant.TenantId, new ForwardedEvents { Events = [.. batch.Select(e => e.Json)] }, cancellationToken));

    private async Task CallAsync(Func<ProviderClient, Task> call)
    {
        try
        {
            await call(bridge.Open());
            _waitingFor = null;
        }
        catch (ApiException e) when (e.IsTransient)
        {
            var asked = e.RetryAfter ?? TimeSpan.Zero;
            Wait(asked < LongestAskedFor ? asked : LongestAskedFor);
            throw;
        }
        catch (ApiException e) when (!IsAboutTheEvents(e))
        {
            WaitAfterRefusal(e.Code, Advice(e), e);
            throw;
        }
        catch (UnreachableException e)
        {
            // The root may have been replaced on disk.
            bridge.Dispose();
            if (!e.IsTransient)
            {
                WaitAfterRefusal(e.Reason.ToString(), "compare PROVIDER_URL and STEP_CA_FINGERPRINT with the provider's", e);
            }

            throw;
        }
    }

    /// <summary>By its code: a proxy on the way that says 400 to everything must not cost a single event.</summary>
    private static bool IsAboutTheEvents(ApiException e) => e.Status == 413 || (e.Status == 400 && e.Code.StartsWith("event_", StringComparison.Ordinal));

    private static string Advice(ApiException e) => e switch
    {
        { Status: 401 } => "the bridge certificate is expired or revoked: ask the provider's admin, or join again",
        { Code: "tenant_suspended" } => "ask the provider's admin why this tenant is suspended",
        { Status: 404 or 405 } => "the provider is older than this stack: upgrade it",
        _ => "ask the provider's admin",
    };

    private void LeaveOut(PlatformEvent happened, ApiException e)
    {
        _leftOut.Add(happened.Id);
        if (_leftOutFor.Add(e.Code))
        {
            LeftOut(happened.Sequence, happened.Type, e.Code, e.Message);
        }
    }

    private void WaitAfterRefusal(string reason, string advice, Exception e)
    {
        Wait(RefusalBackoff);
        if (_waitingFor == reason)
        {
            return;
        }

        _waitingFor = reason;
        Refused(reason, e.Message, advice);
    }

    private void Wait(TimeSpan interval) => Volatile.Write(ref _notBefore, (time.GetUtcNow() + interval).UtcTicks);

    [LoggerMessage(Level = LogLevel.Error, Message = "The provider takes no events from here ({Reason}): {Detail} They wait in the audit log; {Advice}")]
    private partial void Refused(string reason, string detail, string advice);

    [LoggerMessage(Level = LogLevel.Error, Message = "Event {Sequence} ({Type}) was left out because the provider refuses it ({Reason}): {Detail} Others with this reason are left out silently; are the clocks right, and do the two stacks' versions fit?")]
    private partial void LeftOut(long sequence, string type, string reason, string detail);
}
