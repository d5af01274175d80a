using IoTPlatform.Contracts.Events;

namespace IoTPlatform.Hosting.Events;

/// <summary>One queue and who reads it.</summary>
/// <param name="Name">Of the queue.</param>
/// <param name="Consumer">An open generic <c>IConsumer&lt;TEvent&gt;</c>.</param>
/// <param name="Events">What it is closed over.</param>
/// <param name="Wants">Says of an event whether the consumer would do anything; where nobody else can listen, the others are not even sent.</param>
public sealed record EventConsumer(string Name, Type Consumer, IReadOnlyList<Type> Events, Func<PlatformEvent, bool> Wants);
