namespace IoTPlatform.Mqtt;

/// <summary>A token bucket of one second's messages and bytes. Who exceeds it waits, and so does the network behind it. It belongs to the session: a new connection does not fill it.</summary>
internal sealed class RateMeter(MqttLimits limits, TimeProvider time)
{
    private long _last = time.GetTimestamp();
    private double _messages = limits.MessagesPerSecond;
    private double _bytes = limits.BytesPerSecond;

    /// <summary>Called by one reader at a time.</summary>
    public ValueTask TakeAsync(long bytes, CancellationToken cancellationToken)
    {
        var now = time.GetTimestamp();
        var seconds = time.GetElapsedTime(_last, now).TotalSeconds;
        _last = now;
        _messages = Math.Min(limits.MessagesPerSecond, _messages + seconds * limits.MessagesPerSecond) - 1;
        _bytes = Math.Min(limits.BytesPerSecond, _bytes + seconds * limits.BytesPerSecond) - bytes;
        var debt = Math.Max(-_messages / limits.MessagesPerSecond, -_bytes / limits.BytesPerSecond);
        return debt <= 0 ? ValueTask.CompletedTask : new ValueTask(Task.Delay(TimeSpan.FromSeconds(debt), time, cancellationToken));
    }
}
