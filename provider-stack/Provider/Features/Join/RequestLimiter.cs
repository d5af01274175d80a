namespace IoTPlatform.Provider.Features.Join;

/// <summary>Bounds how fast anonymous callers can ask to join.</summary>
internal sealed class RequestLimiter(TimeProvider time)
{
    private const int RequestsPerMinute = 60;

    private readonly AttemptWindow _everybody = new(time, RequestsPerMinute, TimeSpan.FromMinutes(1));

    /// <summary>Throws 429.</summary>
    public void Admit()
    {
        _everybody.ThrowIfExhausted();
        _everybody.Count();
    }
}
