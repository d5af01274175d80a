namespace IoTPlatform.Testing;

public static class FreePort
{
    /// <summary>A loopback TCP port nobody listens on now. No two calls of one process return the same.</summary>
    public static int Next() => throw new NotImplementedException();
}
