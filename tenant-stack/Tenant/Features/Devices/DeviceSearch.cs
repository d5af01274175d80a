using System.Linq.Expressions;
using IoTPlatform.Contracts;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Data;

namespace IoTPlatform.Tenant.Features.Devices;

/// <summary>Which devices.</summary>
internal sealed record DeviceSearch
{
    private const int LongestText = 200;

    /// <summary>Part of the id or of the name, without case; null: all.</summary>
    public string? Text { get; init; }

    /// <summary>Null: all.</summary>
    public DeviceFilter? State { get; init; }

    /// <summary>As devices named it when they enrolled; null: all.</summary>
    public string? Type { get; init; }

    /// <summary>Null: all.</summary>
    public string? Tag { get; init; }

    /// <summary>Throws 400 for a filter that is too long or has control characters.</summary>
    public DeviceSearch Check() => ((string?[])[Text, Type, Tag]).Any(filter => filter is not null && (filter.Length > LongestText || filter.Any(char.IsControl)))
        ? throw new ProblemException(StatusCodes.Status400BadRequest, "bad_filter", "A filter is too long or has control characters.")
        : this;

    /// <summary>In the database: each of the filters has an index but the text, for which the ids and names are read.</summary>
    /// <param name="db">Of the devices.</param>
    /// <param name="now">When.</param>
    /// <param name="soon">Until then a certificate ends soon.</param>
    public IQueryable<Device> In(TenantDbContext db, DateTimeOffset now, DateTimeOffset soon)
    {
        IQueryable<Device> devices = db.Devices;
        if (Text is { Length: > 0 } text)
        {
            // Contains becomes strpos or an escaped LIKE: the text is no pattern.
            var lower = text.ToLowerInvariant();
            devices = devices.Where(d => d.DeviceId.Contains(lower) || d.DeviceName!.ToLower().Contains(lower));
        }

        if (Type is { Length: > 0 } type)
        {
            devices = devices.Where(d => d.DeviceType == type);
        }

        if (Tag is { Length: > 0 } tag)
        {
            devices = devices.Where(d => db.DeviceTags.Any(t => t.Tag == tag && t.DeviceId == d.DeviceId));
        }

        return State is { } state ? devices.Where(Of(state, db, now, soon)) : devices;
    }

    /// <summary>By its name in snake case. Null: there is no such state.</summary>
    public static DeviceFilter? StateOf(string? name) => Enum.GetValues<DeviceFilter>().Cast<DeviceFilter?>().FirstOrDefault(state => SnakeCase.Of(state!.Value) == name);

    private static Expression<Func<Device, bool>> Of(DeviceFilter state, TenantDbContext db, DateTimeOffset now, DateTimeOffset soon) => state switch
    {
        DeviceFilter.Online => d => db.DeviceConnections.Any(c => c.DeviceId == d.DeviceId && c.Online),
        DeviceFilter.Offline => d => d.Status == DeviceState.Enrolled && db.DeviceConnections.Any(c => c.DeviceId == d.DeviceId && !c.Online),
        DeviceFilter.NeverSeen => d => d.Status == DeviceState.Enrolled && !d.Seen,
        DeviceFilter.Expiring => d => d.Status == DeviceState.Enrolled && d.NotAfter > now && d.NotAfter < soon,
        DeviceFilter.Expired => d => d.Status == DeviceState.Enrolled && d.NotAfter <= now,
        DeviceFilter.Held => d => d.Status == DeviceState.Held,
        _ => d => d.Status == DeviceState.Revoked,
    };
}

/// <summary>A state by which people look for devices.</summary>
public enum DeviceFilter
{
    Online,
    Offline,
    NeverSeen,

    /// <summary>The certificate ends soon: its renewal is overdue.</summary>
    Expiring,
    Expired,
    Held,
    Revoked,
}
