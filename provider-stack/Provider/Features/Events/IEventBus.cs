using MassTransit;

namespace IoTPlatform.Provider.Features.Events;

/// <summary>The bus for the platform's events, apart from whatever else a process does by messages.</summary>
public interface IEventBus : IBus;
