using System.Globalization;
using System.Text.RegularExpressions;
using IoTPlatform.Contracts.Events;
using MassTransit;

namespace IoTPlatform.Provider.Features.Events;

/// <summary>Exchanges are called as the events are: TenantJoined is <c>tenant.joined</c>, and what all events are is <c>platform.event</c>.</summary>
internal sealed partial class EventNames : IEntityNameFormatter
{
    /// <summary>Every event there is.</summary>
    public static IReadOnlyList<Type> Types { get; } = [.. typeof(PlatformEvent).Assembly.GetTypes().Where(type => type is { IsAbstract: false } && type.IsAssignableTo(typeof(PlatformEvent)))];

    public string FormatEntityName<T>() => typeof(T).IsAssignableTo(typeof(PlatformEvent))
        ? WordStart().Replace(typeof(T).Name, match => match.Index == 0 ? match.Value : "." + match.Value).ToLower(CultureInfo.InvariantCulture)
        : typeof(T).Name;

    [GeneratedRegex("[A-Z]", RegexOptions.None, Timeout.Infinite)]
    private static partial Regex WordStart();
}
