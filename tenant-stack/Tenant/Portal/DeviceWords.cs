using IoTPlatform.Contracts.Devices;
using IoTPlatform.Portal.Components;
using IoTPlatform.Tenant.Features.Devices;

namespace IoTPlatform.Tenant.Portal;

/// <summary>A device's state for people.</summary>
internal static class DeviceWords
{
    /// <summary>Those that can be told apart.</summary>
    /// <param name="knowsPresence">It is seen who is connected.</param>
    public static IEnumerable<DeviceFilter> Filters(bool knowsPresence) =>
        Enum.GetValues<DeviceFilter>().Where(state => knowsPresence || state is not (DeviceFilter.Online or DeviceFilter.Offline or DeviceFilter.NeverSeen));

    /// <param name="state">Null: it is not seen whether it is connected.</param>
    public static string Text(DeviceFilter? state) => state switch
    {
        null => "unknown",
        DeviceFilter.Online => "online",
        DeviceFilter.Offline => "offline",
        DeviceFilter.NeverSeen => "never seen",
        DeviceFilter.Expiring => "expires soon",
        DeviceFilter.Expired => "expired",
        DeviceFilter.Held => "on hold",
        _ => "revoked",
    };

    /// <summary>What was decided about it comes before what it does.</summary>
    public static DeviceFilter? StateOf(DeviceStatus status, DevicePresenceView? presence, bool knowsPresence) => status switch
    {
        DeviceStatus.Revoked => DeviceFilter.Revoked,
        DeviceStatus.Held => DeviceFilter.Held,
        _ when !knowsPresence => null,
        _ => presence switch { null => DeviceFilter.NeverSeen, { Online: true } => DeviceFilter.Online, _ => DeviceFilter.Offline },
    };

    public static StateTone Tone(DeviceFilter? state) => state switch
    {
        DeviceFilter.Online => StateTone.Good,
        DeviceFilter.Expiring or DeviceFilter.Held => StateTone.Warning,
        DeviceFilter.Expired or DeviceFilter.Revoked => StateTone.Bad,
        _ => StateTone.Neutral,
    };

    /// <summary><c>token:{id}</c> or <c>manufacturer:{certificate hash}</c>.</summary>
    public static string EnrolledBy(string? by) => by is null ? "–"
        : by.StartsWith("token:", StringComparison.Ordinal) ? $"enrolment token {by["token:".Length..]}"
        : by.StartsWith("manufacturer:", StringComparison.Ordinal) ? $"manufacturer certificate {Short(by["manufacturer:".Length..])}…"
        : by;

    private static string Short(string hash) => hash.Length <= 12 ? hash : hash[..12];
}
