using IoTPlatform.Agent;
using IoTPlatform.Client;

namespace IoTPlatform.IotAgent;

/// <summary>What a device was given, and how it is to be set up. A class, not a record: it carries the one-time token.</summary>
internal sealed class EnrollmentOrder(EnrollmentText text, DeviceSettings settings)
{
    public EnrollmentText Text => text;
    public DeviceSettings Settings => settings;
}

/// <summary>Enrols a device that has no human beside it: a tenant that can't be reached is tried until it can, and one that refuses ends it.</summary>
internal sealed class FirstEnrollment(DeviceFolder folder, TimeProvider time, IJitter jitter, Action<AgentEvent> report)
{
    /// <summary>Throws <see cref="ApiException"/> and <see cref="AgentException"/> where asking again would not help, and <see cref="UnreachableException"/> for another server than the tenant's.</summary>
    public async Task RunAsync(EnrollmentOrder order, bool wireGuard, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(jitter);
        while (true)
        {
            TimeSpan wait;
            string reason;
            try
            {
                var root = await RootTrust.FetchAsync(order.Text.TenantUrl, order.Text.Fingerprint, cancellationToken: cancellationToken);
                var enrollment = new Enrollment { Settings = order.Settings, Root = root, Token = order.Text.Token, WithWireGuard = wireGuard };
                using var identity = await new DeviceAgent(folder, time, order.Settings.Transport).EnrollAsync(enrollment, cancellationToken);
                report(new AgentEvent(AgentEventKind.Enrolled, time.GetUtcNow(), $"enrolled as {order.Settings.DeviceId}"));
                return;
            }
            catch (ApiException e) when (e.IsTransient)
            {
                (wait, reason) = (backoff.Next(e.RetryAfter), e.Message);
            }
            catch (UnreachableException e) when (e.IsTransient)
            {
                (wait, reason) = (backoff.Next(), e.Message);
            }

            report(new AgentEvent(AgentEventKind.Retrying, time.GetUtcNow(), $"not enrolled yet: {reason}", time.GetUtcNow() + wait));
            await Task.Delay(wait, time, cancellationToken);
        }
    }
}
