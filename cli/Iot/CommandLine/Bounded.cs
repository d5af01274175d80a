namespace IoTPlatform.Iot;

internal static class Bounded
{
    public static byte[] Read(Stream input, int maxBytes, string name)
    {
        var buffer = new byte[maxBytes + 1];
        var length = input.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return length <= maxBytes ? buffer[..length] : throw CliException.Failed("too_large", $"{name} is larger than {maxBytes} bytes");
    }
}
