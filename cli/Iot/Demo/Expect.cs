namespace IoTPlatform.Iot;

internal static class Expect
{
    public static void That(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw CliException.Failed("demo_failed", otherwise);
        }
    }
}
