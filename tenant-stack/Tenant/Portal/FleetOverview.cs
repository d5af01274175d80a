using System.Globalization;
using IoTPlatform.Hosting;
using IoTPlatform.Portal;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Features.Devices;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Features.Uplink;

namespace IoTPlatform.Tenant.Portal;

/// <summary>What needs a person, with what to do about it.</summary>
/// <param name="IsBad">Something does not work now.</param>
public sealed record Finding(string What, string Remedy, string? Path, bool IsBad);

/// <summary>The fleet at one moment.</summary>
public sealed record FleetView
{
    public required int Devices { get; init; }

    /// <summary>How many are in each state; states overlap.</summary>
    public required IReadOnlyDictionary<DeviceFilter, int> States { get; init; }
    public required IReadOnlyList<Finding> Findings { get; init; }
    public required IReadOnlyList<ComponentHealth> Health { get; init; }
    public required int Waiting { get; init; }
}

/// <summary>Gathers the overview from where each part is true.</summary>
internal sealed class FleetOverview(DeviceRegistry registry, TenantOptions options, UplinkView uplink, UplinkState way, JoinStatus join, HealthHistory health, TimeProvider time) : IGuarded
{
    private static readonly TimeSpan Lag = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Soon = TimeSpan.FromDays(30);

    public static string Policy => Policies.Viewer;

    public async Task<FleetView> ReadAsync(CancellationToken cancellationToken)
    {
        var components = await health.AskAsync(cancellationToken);
        var states = new Dictionary<DeviceFilter, int>();
        foreach (var state in DeviceWords.Filters(options.KnowsPresence))
        {
            states[state] = await registry.CountAsync(new DeviceSearch { State = state }, cancellationToken);
        }

        var status = await uplink.StatusAsync(cancellationToken);
        return new FleetView
        {
            Devices = await registry.CountAsync(new DeviceSearch(), cancellationToken),
            States = states,
            Findings = [.. components.Where(c => !c.IsGood).Select(Down), .. OfProvider(await join.ReadAsync(cancellationToken)), .. OfUplink(status.WaitingSince), .. OfDevices(states)],
            Health = components,
            Waiting = status.Waiting,
        };
    }

    private static Finding Down(ComponentHealth component) => new($"{component.Name}: {component.State}", "See the log of this tenant and of that service; what waits for it goes on by itself once it is back.", null, IsBad: true);

    private IEnumerable<Finding> OfProvider(JoinStatusView status)
    {
        if (status.Refusal is { } refusal)
        {
            yield return new Finding($"The provider refuses this tenant: {refusal}", "Ask the provider's administrator. Devices go on as before, unless the Sub-CA is revoked.", TenantPortal.Provider, IsBad: true);
        }

        if (status.SubCa.NotAfter - time.GetUtcNow() < Soon)
        {
            yield return new Finding("The Sub-CA ends within 30 days", "An administrator rotates it, on the page Provider or by iot tenant rotate; devices renew against the new one by themselves.", TenantPortal.Provider, IsBad: false);
        }
    }

    private IEnumerable<Finding> OfUplink(DateTimeOffset? waitingSince)
    {
        if (way.Now is { State: UplinkState.Away, Reason: { } reason } && waitingSince < time.GetUtcNow() - Lag)
        {
            yield return new Finding($"Telemetry does not go up: {reason}", "It waits here, and goes up by itself once the way is open.", TenantPortal.Provider, IsBad: true);
        }
    }

    private static IEnumerable<Finding> OfDevices(Dictionary<DeviceFilter, int> states)
    {
        foreach (var (state, what, remedy) in new[]
        {
            (DeviceFilter.Expiring, "should have renewed by now", "See whether they are connected, and into their logs: a certificate that has ended needs a new enrolment token."),
            (DeviceFilter.Held, "on hold", "Release them, or revoke them for good."),
        })
        {
            if (states.GetValueOrDefault(state) is > 0 and var count)
            {
                yield return new Finding(string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? "device" : "devices")} {what}"), remedy, $"{TenantPortal.Devices}?state={Contracts.SnakeCase.Of(state)}", IsBad: false);
            }
        }
    }
}
