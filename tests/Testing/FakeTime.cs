namespace IoTPlatform.Testing;

/// <summary>A clock that moves only when told. Timers (and so Task.Delay over it) fire on Advance.</summary>
public sealed class FakeTime : TimeProvider
{
    public FakeTime() { }

    public FakeTime(DateTimeOffset start) => throw new NotImplementedException();

    public override DateTimeOffset GetUtcNow() => throw new NotImplementedException();

    public void Advance(TimeSpan by) => throw new NotImplementedException();
}
