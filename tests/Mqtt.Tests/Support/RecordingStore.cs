using System.Collections.Concurrent;

namespace IoTPlatform.Mqtt.Tests.Support;

/// <summary>Keeps messages in memory, and commits when a test says so.</summary>
internal sealed class RecordingStore : IMessageStore
{
    private readonly ConcurrentQueue<PublishedMessage> _messages = new();

    public IReadOnlyList<PublishedMessage> Messages => [.. _messages];

    public Func<PublishedMessage, Task<PublishOutcome>> Commit { get; set; } = _ => Task.FromResult(PublishOutcome.Stored);

    public Task<PublishOutcome> StoreAsync(PublishedMessage message, CancellationToken cancellationToken)
    {
        _messages.Enqueue(message);
        return Commit(message);
    }

    public IReadOnlyList<PublishedMessage> Of(string name) => [.. _messages.Where(m => m.Publisher.Name == name)];

    public async Task<PublishedMessage> FirstOfAsync(string name)
    {
        await Waiting.UntilAsync(() => Of(name).Count > 0);
        return Of(name)[0];
    }
}
