using MassTransit;

namespace IoTPlatform.Hosting.Events;

/// <summary>The bus for the platform's events, apart from whatever else a process does by messages.</summary>
public interface IEventBus : IBus;
