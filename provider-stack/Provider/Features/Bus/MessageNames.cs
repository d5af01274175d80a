using System.Globalization;
using System.Text.RegularExpressions;
using MassTransit;

namespace IoTPlatform.Provider.Features.Bus;

/// <summary>Exchanges are called as the messages are: TenantJoined is <c>tenant.joined</c>, and what all events are is <c>platform.event</c>.</summary>
internal sealed partial class MessageNames : IEntityNameFormatter
{
    public string FormatEntityName<T>() =>
        WordStart().Replace(typeof(T).Name, match => match.Index == 0 ? match.Value : "." + match.Value).ToLower(CultureInfo.InvariantCulture);

    [GeneratedRegex("[A-Z]", RegexOptions.None, Timeout.Infinite)]
    private static partial Regex WordStart();
}
