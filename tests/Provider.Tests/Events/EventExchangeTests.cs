using System.Text.RegularExpressions;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Provider.Features.Bus;

namespace IoTPlatform.Provider.Tests.Events;

/// <summary>An event whose exchange the platform's own user may not declare keeps the whole bus from starting.</summary>
public sealed class EventExchangeTests
{
    public static TheoryData<Type> Events =>
        [.. typeof(PlatformEvent).Assembly.GetTypes().Where(type => type is { IsAbstract: false } && type.IsAssignableTo(typeof(PlatformEvent)))];

    [Theory]
    [MemberData(nameof(Events))]
    public void Exchange_OfEveryEvent_IsCalledAsTheEventAndPermitted(Type type)
    {
        var exchange = (string)typeof(MessageNames).GetMethod(nameof(MessageNames.FormatEntityName))!.MakeGenericMethod(type).Invoke(new MessageNames(), null)!;

        exchange.ShouldBe((string)type.GetField("Name")!.GetValue(null)!);
        Regex.IsMatch(exchange, BusVhost.Rights.Configure, RegexOptions.None, TimeSpan.FromSeconds(1)).ShouldBeTrue(exchange);
    }
}
