namespace IoTPlatform.Hosting.Events;

/// <summary>One queue and who reads it.</summary>
/// <param name="Name">Of the queue.</param>
/// <param name="Consumer">An open generic <c>IConsumer&lt;TEvent&gt;</c>.</param>
/// <param name="Events">What it is closed over.</param>
public sealed record EventConsumer(string Name, Type Consumer, IReadOnlyList<Type> Events);
