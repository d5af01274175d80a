namespace IoTPlatform.Iot;

internal enum Stack
{
    Provider,
    Tenant,
}
